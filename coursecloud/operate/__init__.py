"""What is done to a stack between `up` and `down`: stop, start, extend, caps, save. Each says first what it means."""
