/** Why a launch is not warm where nobody has set up a pool. */
export const noPool = { code: 'pool_unregistered' }
