"""How bytes get in: the fast lane, the front before it, Ray's own proxies."""
