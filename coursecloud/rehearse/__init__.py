"""A rehearsal: the life of a stack with the real engine and provider on a local emulator of Google's APIs."""
