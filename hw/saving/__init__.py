"""Programs in files: records as plain values and arrays."""
