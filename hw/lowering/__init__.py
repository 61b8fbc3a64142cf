"""From a net's layers to what any chip's compiler starts from: which neurons with which numbers, which weights."""
