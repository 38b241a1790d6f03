// Drives the event bus at ENDPOINT with the usual Node client of the Pub/Sub API, which decodes Avro and bitmaps with code
// of its own, and exits 1 at the first answer that it does not understand as it should. The Go test that runs it makes a
// change for each line that this script writes to its output.
import assert from 'node:assert/strict'
import Client from 'salesforce-pubsub-api-client'

const { ENDPOINT, TOKEN, ORG } = process.env
const quiet = { debug () {}, info () {}, warn () {}, error () {} }
const config = { authType: 'user-supplied', accessToken: TOKEN, organizationId: ORG, instanceUrl: 'https://acme.my.salesforce.com', pubSubEndpoint: ENDPOINT, rejectUnauthorizedSsl: false }

// follow collects what a subscription tells and lets a test wait for it.
function follow (start) {
  const seen = []
  let wake = () => {}
  start((_info, type, data) => { seen.push({ type, data }); wake() })
  return async (type) => {
    for (;;) {
      const i = seen.findIndex((s) => s.type === type)
      if (i >= 0) return seen.splice(0, i + 1).pop().data
      const failed = seen.find((s) => s.type === 'error')
      if (failed) throw failed.data
      await new Promise((resolve) => { wake = resolve })
    }
  }
}

const client = new Client(config, quiet)
await client.connect()
const next = follow((callback) => client.subscribe('/data/ChangeEvents', callback, 50))
await next('grpcKeepAlive')

console.log('create')
const created = await next('event')
assert.equal(created.payload.ChangeEventHeader.entityName, 'Contact')
assert.equal(created.payload.ChangeEventHeader.changeType, 'CREATE')
assert.equal(created.payload.ChangeEventHeader.recordIds.length, 1)
assert.equal(created.payload.Name.LastName, 'Doe')
assert.equal(created.payload.MailingAddress.City, 'Berlin')

console.log('update')
const updated = await next('event')
const header = updated.payload.ChangeEventHeader
assert.equal(header.changeType, 'UPDATE')
for (const name of ['Phone', 'Name.FirstName', 'MailingAddress.City']) {
  assert.ok(header.changedFields.includes(name), `${name} is among ${header.changedFields}`)
}
assert.deepEqual(header.diffFields, [])
assert.equal(updated.payload.Phone, '+49 30 1')
assert.ok(updated.replayId > created.replayId, 'replay ids rise')

console.log('delete')
assert.equal((await next('event')).payload.ChangeEventHeader.changeType, 'DELETE')
client.close()

// Again behind the first event.
const again = new Client(config, quiet)
await again.connect()
const rest = follow((callback) => again.subscribeFromReplayId('/data/ContactChangeEvent', callback, 5, created.replayId))
assert.equal((await rest('event')).replayId, updated.replayId)
assert.equal((await rest('event')).payload.ChangeEventHeader.changeType, 'DELETE')
again.close()

// A replay id that is not known.
const lost = new Client(config, quiet)
await lost.connect()
await assert.rejects(follow((callback) => lost.subscribeFromReplayId('/data/ChangeEvents', callback, 5, 1))('event'),
  (e) => e.code === 3 && e.metadata.get('error-code')[0] === 'sfdc.platform.eventbus.grpc.subscription.fetch.replayid.corrupted')
lost.close()

// A token that is not good.
const stranger = new Client({ ...config, accessToken: 'expired' }, quiet)
await stranger.connect()
await assert.rejects(follow((callback) => stranger.subscribe('/data/ChangeEvents', callback))('event'),
  (e) => e.code === 16 && e.metadata.get('error-code')[0] === 'sfdc.platform.eventbus.grpc.service.auth.error')
stranger.close()
console.log('understood')
process.exit(0)
