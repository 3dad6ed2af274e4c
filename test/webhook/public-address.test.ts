import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isLocalName, isPublicAddress, literalAddress } from '../../src/webhook/public-address.ts'

const REFUSED = {
  unspecified: ['0.0.0.0', '0.1.2.3', '::'],
  loopback: ['127.0.0.1', '127.255.0.9', '::1'],
  private: ['10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1', 'fc00::1', 'fd12:3456::1'],
  'link-local, with the metadata of clouds': ['169.254.169.254', '169.254.0.1', 'fe80::1', 'fec0::1', 'fd00:ec2::254'],
  'shared (CGNAT), with the metadata of Alibaba': ['100.64.0.1', '100.127.255.255', '100.100.100.200'],
  'the metadata of Azure and Oracle': ['168.63.129.16', '192.0.0.192'],
  multicast: ['224.0.0.1', '239.255.255.255', 'ff02::1'],
  'reserved and broadcast': ['192.0.2.1', '198.18.0.1', '198.51.100.1', '203.0.113.1', '240.0.0.1', '255.255.255.255'],
  'IPv4 within IPv6: mapped': ['::ffff:127.0.0.1', '::ffff:10.0.0.1', '::ffff:8.8.8.8', '::ffff:7f00:1'],
  'IPv4 within IPv6: compatible': ['::127.0.0.1', '::7f00:1', '::808:808'],
  'IPv4 within IPv6: NAT64': ['64:ff9b::7f00:1', '64:ff9b::a00:1', '64:ff9b:1::a00:1'],
  'IPv4 within IPv6: 6to4, Teredo, translated': ['2002:7f00:1::', '2001:0:7f00:1::', '::ffff:0:127.0.0.1'],
  'not routed': ['100::1', '2001:db8::1', '3fff::1', '5f00::1', '4000::1', '2001:10::1', '2001:20::1'],
  'no address': ['', 'localhost', '1.2.3', '1.2.3.4.5', '8.8.8.8 ', 'example.org'],
} as const

for (const [kind, addresses] of Object.entries(REFUSED)) {
  test(`an address is not public: ${kind}`, () => {
    for (const address of addresses) assert.equal(isPublicAddress(address), false, address)
  })
}

test('addresses of the public internet are', () => {
  for (const address of ['8.8.8.8', '1.1.1.1', '172.32.0.1', '100.128.0.1', '2606:4700::1111', '2a00:1450:4001::8a']) {
    assert.equal(isPublicAddress(address), true, address)
  }
})

test('an address that a URL names is found however it is written', () => {
  const literals = [
    ['http://127.0.0.1:80/', '127.0.0.1'],
    ['http://2130706433/', '127.0.0.1'],
    ['http://0x7f.1/', '127.0.0.1'],
    ['http://0177.0.0.1/', '127.0.0.1'],
    ['http://127.1/', '127.0.0.1'],
    ['http://①②⑦.⓪.⓪.①/', '127.0.0.1'],
    ['http://[::ffff:127.0.0.1]/', '::ffff:7f00:1'],
    ['http://[::1]:8000/', '::1'],
    ['https://example.org/', undefined],
  ] as const
  for (const [url, address] of literals) assert.equal(literalAddress(new URL(url)), address, url)
})

test('localhost and what is below it are names of this machine', () => {
  for (const host of ['localhost', 'LOCALHOST', 'localhost.', 'a.b.localhost']) {
    assert.equal(isLocalName(new URL(`http://${host}/`)), true, host)
  }
  assert.equal(isLocalName(new URL('http://notlocalhost.example/')), false)
})
