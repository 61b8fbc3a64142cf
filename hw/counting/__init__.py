"""What an inference takes in operations, values moved and spikes."""
