"""A small, faithful Entra and Graph over real HTTP, with its people, faults and ledger.

It stands alone: nothing of the product is imported here, so that what the product is tested
against was not written by the product.
"""
