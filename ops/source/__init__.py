"""The live legacy database: what may land, copy, replication, comparison."""
