package canonical

// Hub is the connection of what people tell the hub itself: a pseudo-source, whose records are manual edits. No account
// can be called so.
const Hub = "hub"
