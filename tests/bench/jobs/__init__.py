"""Every job, in the order of the report."""

from bench.jobs import applying, fitting, scaling, shifting, starting
from bench.model import Job

JOBS: dict[str, Job] = {
    job.name: job
    for module in (fitting, applying, shifting, starting, scaling)
    for job in module.JOBS
}
