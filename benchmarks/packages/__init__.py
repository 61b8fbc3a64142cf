"""One file a package: the same net in its own words. Each has `build(workload, given, rate) -> Trainable`."""
