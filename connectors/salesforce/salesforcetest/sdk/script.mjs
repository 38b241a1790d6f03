// Drives the simulator at BASE with jsforce, the client that Salesforce's own command line is built on, and exits 1 at
// the first answer that it does not understand as it should. The Go test that runs it has seeded 2,500 contacts, added
// Contact.Ext__c as an external id and given the app's credentials.
import assert from 'node:assert/strict'
import { createSign } from 'node:crypto'
import jsforce from 'jsforce'

const { BASE, CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN, USERNAME, JWT_KEY } = process.env
const oauth2 = new jsforce.OAuth2({ loginUrl: BASE, clientId: CLIENT_ID, clientSecret: CLIENT_SECRET, redirectUri: 'http://localhost:1/callback' })

// Sign-in: an expired token is refreshed once, after INVALID_SESSION_ID.
let refreshes = 0
const conn = new jsforce.Connection({ oauth2, instanceUrl: BASE, accessToken: 'expired', refreshToken: REFRESH_TOKEN, version: '67.0' })
conn.on('refresh', () => { refreshes++ })
const me = await conn.identity()
assert.equal(refreshes, 1, 'one refresh')
assert.equal(me.organization_id, '00Dak00000SandBEAR')
assert.equal(me.username, USERNAME)

// JWT bearer: jsforce sends the assertion, which is ours to sign.
const word = (v) => Buffer.from(JSON.stringify(v)).toString('base64url')
const unsigned = `${word({ alg: 'RS256' })}.${word({ iss: CLIENT_ID, sub: USERNAME, aud: 'https://login.salesforce.com', exp: Math.floor(Date.now() / 1000) + 120 })}`
const assertion = `${unsigned}.${createSign('RSA-SHA256').update(unsigned).sign(JWT_KEY, 'base64url')}`
const robot = new jsforce.Connection({ oauth2, version: '67.0' })
const info = await robot.authorize({ grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion })
assert.equal(info.organizationId, '00Dak00000SandBEAR')
assert.equal(robot.instanceUrl, BASE)
await assert.rejects(new jsforce.Connection({ oauth2 }).authorize({ grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion: unsigned + '.AAAA' }),
  (e) => e.name === 'invalid_grant' && e.message === 'invalid assertion')

// Query with paging, by hand and by itself.
const first = await conn.query('SELECT Id, Name, Account.Name, CreatedDate FROM Contact ORDER BY Id', { autoFetch: false })
assert.equal(first.totalSize, 2500)
assert.equal(first.records.length, 2000)
const rest = await conn.queryMore(first.nextRecordsUrl)
assert.ok(rest.done)
assert.equal(new Set([...first.records, ...rest.records].map((r) => r.Id)).size, 2500, 'each once')
const fetched = await conn.query('SELECT Id FROM Contact', { autoFetch: true, maxFetch: 3000 })
assert.equal(fetched.records.length, 2500)
assert.equal((await conn.query('SELECT COUNT() FROM Contact')).totalSize, 2500)
assert.ok(conn.limitInfo.apiUsage.used > 0 && conn.limitInfo.apiUsage.limit === 15000, 'Sforce-Limit-Info')
await assert.rejects(conn.query('SELECT Nope FROM Contact'), (e) => e.errorCode === 'INVALID_FIELD' && e.message.includes("No such column 'Nope'"))
const parents = await conn.sobject('Account').select('Id, Name').include('Contacts').select('Id, LastName').end().limit(3).execute()
assert.equal(parents.length, 3)
assert.ok(parents[0].Contacts.records.length > 0)

// Describe.
const global = await conn.describeGlobal()
assert.ok(global.sobjects.some((o) => o.name === 'Opportunity' && o.keyPrefix === '006'))
const contact = await conn.describe('Contact')
const ext = contact.fields.find((f) => f.name === 'Ext__c')
assert.ok(ext.externalId && ext.idLookup)
assert.deepEqual(contact.fields.find((f) => f.name === 'AccountId').referenceTo, ['Account'])

// Rows: create, retrieve, update, upsert, delete, one by one and many at a time.
const made = await conn.sobject('Contact').create({ LastName: 'SDK', Email: 'sdk@acme.example' })
assert.ok(made.success && made.id.length === 18)
assert.equal((await conn.sobject('Contact').retrieve(made.id)).Email, 'sdk@acme.example')
await conn.sobject('Contact').update({ Id: made.id, FirstName: 'J' })
assert.equal((await conn.sobject('Contact').retrieve(made.id)).Name, 'J SDK')
await assert.rejects(conn.sobject('Contact').create({ FirstName: 'x' }), (e) => e.errorCode === 'REQUIRED_FIELD_MISSING' && e.data.fields[0] === 'LastName')
const up = await conn.sobject('Contact').upsert({ Ext__c: 'e1', LastName: 'One' }, 'Ext__c')
const again = await conn.sobject('Contact').upsert({ Ext__c: 'e1', LastName: 'Uno' }, 'Ext__c')
assert.ok(up.created && again.success && !again.created && again.id === up.id)
const many = await conn.sobject('Contact').create([{ LastName: 'M1' }, {}, { LastName: 'M2' }], { allOrNone: false })
assert.deepEqual(many.map((r) => r.success), [true, false, true], 'partial failure')
const back = await conn.sobject('Contact').retrieve([many[0].id, many[2].id])
assert.deepEqual(back.map((r) => r.LastName), ['M1', 'M2'])
const start = new Date(Date.now() - 3600e3)
await conn.sobject('Contact').destroy([many[0].id, many[2].id])
const deleted = await conn.sobject('Contact').deleted(start, new Date(Date.now() + 120e3))
assert.deepEqual(deleted.deletedRecords.map((r) => r.id).sort(), [many[0].id, many[2].id].sort())
assert.ok(deleted.latestDateCovered && deleted.earliestDateAvailable)
const updated = await conn.sobject('Contact').updated(start, new Date(Date.now() + 120e3))
assert.ok(updated.ids.includes(made.id) && !updated.ids.includes(many[0].id))
await assert.rejects(conn.sobject('Contact').retrieve(many[0].id), (e) => e.errorCode === 'NOT_FOUND')

// Bulk API 2.0, in and out.
conn.bulk2.pollInterval = 20
const loaded = await conn.bulk2.loadAndWaitForResults({
  object: 'Contact', operation: 'upsert', externalIdFieldName: 'Ext__c',
  input: [{ Ext__c: 'e1', LastName: 'Eins' }, { Ext__c: 'e2', LastName: 'Zwei, "zwei"\nzwei' }, { Ext__c: 'e3', LastName: '', FirstName: 'x' }],
})
assert.deepEqual(loaded.successfulResults.map((r) => r.sf__Created), ['false', 'true'])
assert.equal(loaded.failedResults.length, 1)
assert.ok(loaded.failedResults[0].sf__Error.startsWith('REQUIRED_FIELD_MISSING'))
const stream = await conn.bulk2.query('SELECT Id, LastName, Ext__c, Account.Name, CreatedDate FROM Contact WHERE Ext__c != null ORDER BY Ext__c')
const rows = await stream.toArray()
assert.deepEqual(rows.map((r) => [r.LastName, r.Ext__c, r['Account.Name']]), [['Eins', 'e1', ''], ['Zwei, "zwei"\nzwei', 'e2', '']])
assert.equal((await (await conn.bulk2.query('SELECT Id FROM Contact')).toArray()).length, 2503)
await assert.rejects(conn.bulk2.query('SELECT MailingAddress FROM Contact'), (e) => e.message.includes('Selecting compound data not supported in Bulk Query'))

// Limits, composites, sign-out.
assert.ok((await conn.request('/limits')).DailyApiRequests.Remaining > 0)
const both = await conn.request({ method: 'POST', url: '/composite', body: JSON.stringify({ compositeRequest: [
  { method: 'POST', url: '/services/data/v67.0/sobjects/Account', referenceId: 'a', body: { Name: 'Composite' } },
  { method: 'POST', url: '/services/data/v67.0/sobjects/Contact', referenceId: 'c', body: { LastName: 'C', AccountId: '@{a.id}' } },
] }), headers: { 'Content-Type': 'application/json' } })
assert.deepEqual(both.compositeResponse.map((r) => r.httpStatusCode), [201, 201])
assert.equal((await conn.sobject('Contact').retrieve(both.compositeResponse[1].body.id)).AccountId, both.compositeResponse[0].body.id)
await conn.logout(true)
await assert.rejects(new jsforce.Connection({ oauth2, instanceUrl: BASE, accessToken: 'expired', refreshToken: REFRESH_TOKEN }).identity(),
  (e) => e.message.endsWith('expired access/refresh token'))

console.log('jsforce understood every answer')
