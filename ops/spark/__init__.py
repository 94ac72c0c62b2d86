"""Apache Spark: a local cluster, the legacy tables as Parquet, and the comparison of both engines' results."""
