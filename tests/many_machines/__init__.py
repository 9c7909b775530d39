"""Many processes, or machines, that make one batch: killed at random, started again, each film made and paid once.

    farm.py      where the batch is kept: a database, a store, the meter of what was charged, the network
    batches.py   the stories, and the processes that make them: plain ones, or the client of a cluster
    cluster.py   a Dask scheduler and its workers, each in a network of its own where that is possible
    audit.py     what must be true at the end

`python -m tests.many_machines --stories 200` is the long proof; a short one is in the suite.
"""
