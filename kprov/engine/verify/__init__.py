"""`kprov verify`: proves on the real API that a cluster does its work, and leaves nothing behind.

`runner.run_checks` is the way in, `table.CHECKS` says what is proved, `values` is what comes back.
"""
