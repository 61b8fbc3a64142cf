"""What a chip is: limits, energies and times, every number with its evidence."""
