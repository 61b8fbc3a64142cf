"""A program on its cores: integers that travel as messages, every event counted, timed and priced."""
