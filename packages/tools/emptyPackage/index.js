/** An empty module: see package.json beside it. */
export default {}
