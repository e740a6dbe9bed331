"""Holds a plan against Google's own API descriptions: what Google would refuse, found without a cloud.

The pieces, from the outside in: `check` walks a plan, `request` makes of each resource the request that the
provider would send, after `mapping` (catalog/types); `messages` holds the request against the API's
description that `documents` reads, value by value as `values` judges; `facts` (catalog/api-facts.json) adds what the
descriptions say in prose only, with `readers` for what no pattern tells; `between` and the files beside it judge inputs
by each other, through `view`; `sdk` tells an input that the mapping lacks from one that nobody has; `places`
(catalog/types, catalog/components.json) says where in the stack file or the program a value came from; `show` lays it
all out.
"""
