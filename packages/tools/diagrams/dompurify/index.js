/** Replaces DOMPurify, which needs a browser: parsing a diagram renders nothing. */
const purify = { addHook() {}, sanitize: text => text }

export default purify
