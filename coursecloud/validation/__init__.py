"""Holds a plan against Google's own API descriptions: what Google would refuse, found without a cloud.

The pieces, from the outside in: `check` walks a plan, `request` makes of each resource the request that the
provider would send, after `mapping` (catalog/types); `message_validation` holds the request against the API's
description that `discovery` reads, value by value as `values` judges; `constraints` (catalog/api-facts.json) adds what
the descriptions say in prose only, with `parsers` for what no pattern tells; `cross_field` and the files beside it
judge inputs by each other, through `path_view`; `sdk` tells an input that the mapping lacks from one that nobody has;
`coursecloud/plan/provenance.py` says where in the stack file or the program a value came from; `formatting` lays it all
out.
"""
