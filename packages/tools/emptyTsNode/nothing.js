/** Nothing, on purpose: see package.json beside it. */
export {}
