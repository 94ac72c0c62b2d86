"""The hands around the dbt project: start a database, load the synthetic legacy data, build, print the ledger."""
