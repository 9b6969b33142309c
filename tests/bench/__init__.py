"""Times bncli beside other programs, as whole processes: ``python3 dev bench --help``.

A job (``jobs/``) names its data, the command lines that take turns, what their results must
agree in, and the goals. ``programs.py`` knows the programs, ``tables.py`` makes the data,
``running.py`` takes the turns, ``checks.py`` compares the results, ``markdown.py`` shows them.
"""
