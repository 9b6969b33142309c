"""Covariate shift: comparing the profiles of two datasets, without touching a row of either.

    compare.py       the verb: two sides in, a ``ShiftReport`` out
    model.py         the report, as frozen values that every format in ``bncli.report`` reads
    wholes.py        what it says beyond single columns: jointly, and over time
    timeline.py      each slice of the test side against the training side, and the onsets
    by_group.py      each group of rows that both sides have
    places.py        which groups are compared one by one, and which together
    severity.py      none, minor, major
    options.py       thresholds, bins, gate rules: everything a user may override
    schema.py        which columns stand on both sides, and which changed their type
    sides.py         one channel of one side; what two of them say by their moments
    numeric.py       everything measured on one numeric channel
    moments_only.py  what is left of it where a side kept no quantiles
    categorical.py   everything measured on one categorical column
    temporal.py      everything told of one date or time column
    binning.py       where bins end: quantiles, equal widths
    distances.py     KS, W1, and the distances between two vectors of shares
    decompose.py     W2 and its parts: location, scale, shape, and the removable share
    significance.py  p-values in closed form, and corrections for asking many questions
    exact.py         p-values of few rows, where closed forms fail
    resampling.py    p-values from seeded draws
    dependence.py    do consecutive rows repeat each other?
    blocks.py        p-values where rows depend on their neighbours: which figures of which cells
    dealing.py       whole blocks of rows dealt anew to the sides
    power.py         the smallest effects that so many rows can tell from chance
    verdict.py       severity: an effect that is large enough *and* not explained by chance
    measures.py      every figure by its name, and what a person should know of it
    gate.py          ``--fail-on``
    joint.py         all numeric columns jointly: which, over which rows, how far they moved
    gaussian.py      the Frechet distance and the linear AUC, from means and covariances
    correlation.py   the pairs whose correlation moved most
    picture.py       the small histograms beside each row

Decisions. A measure is a plain function of two distributions and knows nothing of thresholds;
chance is judged per *family* of measures, so that asking more questions never makes a column
look more shifted. p-values alone never make a verdict (a billion rows make every p zero), nor
does an effect alone (thirty rows make every PSI large).
"""
