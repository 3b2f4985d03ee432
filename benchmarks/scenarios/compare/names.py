"""What each door is called in tables, pictures and bars."""

PROXY = {
    "distributed": "windsock distributed, proxy",
    "collapsed": "windsock collapsed, proxy",
}
FAST = {
    "distributed": "windsock distributed, fast lane",
    "collapsed": "windsock collapsed, fast lane",
}
UNCACHED = "windsock collapsed, fast lane, no cache"
ECHO = "echo through the fast lane's server"
MONOLITH = "monolith, 1 worker"
MONOLITH_2 = "monolith, 2 workers"
RAY_SERVE = "Ray Serve as documented"
LITSERVE = "LitServe"
MOSEC = "mosec"
BENTOML = "BentoML"
