"""Wave: a woodcut in five inks. A breaker rears over a small boat, the sun behind it.

Every body of water is carved with lines that follow its form and swell where the knife pressed.
The keyblock prints indigo; the sky is wiped into a gradation (bokashi); the wood's grain shows through.
"""
