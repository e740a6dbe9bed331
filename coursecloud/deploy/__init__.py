"""Up, down and finish. In: a stack, and what Google has. Out: Pulumi's updates, and what is said of them."""
