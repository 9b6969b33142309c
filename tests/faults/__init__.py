"""Faults of the operating system, made to happen: ``shim.c``, ``driver.py`` and ``cases.py``."""
