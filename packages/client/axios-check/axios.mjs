/** Axios, for the tests of `/axios`. */
export { default } from 'axios'
