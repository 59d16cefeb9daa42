"""A stand-in for Paystack and Zoom over real HTTP, for trying, testing and rehearsing bad days.

It is a program of its own: it imports nothing from the product, and moves no money.
"""
