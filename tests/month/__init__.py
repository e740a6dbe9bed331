"""A month of a group's life: ordinary events, each alone and in sequences by chance, with the real engine and provider.

The product is driven through its command line only, as a person drives it; the cloud is the emulator.
"""
