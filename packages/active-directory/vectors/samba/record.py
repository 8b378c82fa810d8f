#!/usr/bin/python3
"""
Records what a Samba domain controller answers to impacket, as the vectors of this folder: the endpoint mapper's
exchange as it stood on the wire, and the replication of one object, on the wire and as stubs (unsealed).
KVNO and AES256-KEY are what `samba-tool domain exportkeytab` gave on the controller, the other way to the same key.
The domain was made for it and is gone; none of these keys opens anything.

    record.py ADDRESS FQDN DOMAIN/USER:PASSWORD OBJECT-DN KVNO AES256-KEY OUT.json
"""
import json
import sys

from impacket.dcerpc.v5 import drsuapi, epm, rpcrt, transport
from impacket.dcerpc.v5.dtypes import NULL

address, fqdn, credential, object_dn, kvno, key, out = sys.argv[1:8]
domain, rest = credential.split('/', 1)
user, password = rest.split(':', 1)

wire, stubs = [], []
send, recv = transport.TCPTransport.send, transport.TCPTransport.recv


def spy_send(self, data, *args, **kwargs):
    wire.append(['client', bytes(data).hex()])
    return send(self, data, *args, **kwargs)


def spy_recv(self, *args, **kwargs):
    data = recv(self, *args, **kwargs)
    if wire and wire[-1][0] == 'server':
        wire[-1][1] += data.hex()
    else:
        wire.append(['server', data.hex()])
    return data


def spied(call):
    """`recv` and `call` of DCERPC_v5 carry the stubs."""

    def inner(self, *args, **kwargs):
        answer = call(self, *args, **kwargs)
        stubs.append(['response', answer.hex()])
        return answer

    return inner


def spied_call(call):
    def inner(self, function, body, *args, **kwargs):
        data = body if isinstance(body, bytes) else body.getData()
        stubs.append(['request', function, data.hex()])
        return call(self, function, data, *args, **kwargs)

    return inner


transport.TCPTransport.send, transport.TCPTransport.recv = spy_send, spy_recv
rpcrt.DCERPC_v5.call = spied_call(rpcrt.DCERPC_v5.call)
rpcrt.DCERPC_v5.recv = spied(rpcrt.DCERPC_v5.recv)

result = {'made for': 'this test, by record.py, from Samba; the domain is gone'}
binding = epm.hept_map(address, drsuapi.MSRPC_UUID_DRSUAPI, protocol='ncacn_ip_tcp')
result['endpointMapper'] = {'wire': list(wire), 'stubs': list(stubs), 'binding': binding}
wire.clear()
stubs.clear()

rpc = transport.DCERPCTransportFactory(binding)
rpc.setRemoteName(fqdn)
rpc.setRemoteHost(address)
rpc.set_credentials(user, password, domain)
dce = rpc.get_dce_rpc()
dce.set_auth_level(rpcrt.RPC_C_AUTHN_LEVEL_PKT_PRIVACY)
dce.set_auth_type(rpcrt.RPC_C_AUTHN_WINNT)
dce.connect()
dce.bind(drsuapi.MSRPC_UUID_DRSUAPI)

bind = drsuapi.DRSBind()
bind['puuidClientDsa'] = drsuapi.NTDSAPI_CLIENT_GUID
extensions = drsuapi.DRS_EXTENSIONS_INT()
extensions['cb'] = len(extensions)
extensions['dwFlags'] = (
    drsuapi.DRS_EXT_GETCHGREQ_V6
    | drsuapi.DRS_EXT_GETCHGREPLY_V6
    | drsuapi.DRS_EXT_GETCHGREQ_V8
    | drsuapi.DRS_EXT_STRONG_ENCRYPTION
)
extensions['dwReplEpoch'] = extensions['dwExtCaps'] = 0
extensions['SiteObjGuid'] = extensions['ConfigObjGUID'] = drsuapi.NULLGUID
bind['pextClient']['cb'] = len(extensions)
bind['pextClient']['rgb'] = list(extensions.getData())
handle = dce.request(bind)['phDrs']

request = drsuapi.DRSGetNCChanges()
request['hDrs'] = handle
request['dwInVersion'] = 8
request['pmsgIn']['tag'] = 8
v8 = request['pmsgIn']['V8']
v8['uuidDsaObjDest'] = v8['uuidInvocIdSrc'] = drsuapi.NULLGUID
name = drsuapi.DSNAME()
name['SidLen'] = 0
name['Sid'] = b''
name['Guid'] = drsuapi.NULLGUID
name['NameLen'] = len(object_dn)
name['StringName'] = object_dn + '\x00'
name['structLen'] = len(name.getDataReferent()) - 4
v8['pNC'] = name
for field in ('usnHighObjUpdate', 'usnReserved', 'usnHighPropUpdate'):
    v8['usnvecFrom'][field] = 0
v8['pUpToDateVecDest'] = NULL
v8['ulFlags'] = drsuapi.DRS_INIT_SYNC | drsuapi.DRS_WRIT_REP
v8['cMaxObjects'] = 1
v8['cMaxBytes'] = 0
v8['ulExtendedOp'] = drsuapi.EXOP_REPL_OBJ
table = []
attributes = [drsuapi.MakeAttid(table, f'1.2.840.113556.1.4.{number}') for number in (125, 90, 1929)]
v8['pPartialAttrSet']['dwVersion'] = 1
v8['pPartialAttrSet']['cAttrs'] = len(attributes)
v8['pPartialAttrSet']['rgPartialAttr'] = attributes
v8['pPartialAttrSetEx1'] = NULL
schema_info = drsuapi.PrefixTableEntry()  # Samba wants the last entry to be the schema's version, as Windows sends it
schema_info['ndx'] = 0
schema_info['prefix']['length'] = 21
schema_info['prefix']['elements'] = list(b'\xff' + bytes(20))
table.append(schema_info)
v8['PrefixTableDest']['PrefixCount'] = len(table)
v8['PrefixTableDest']['pPrefixEntry'] = table
dce.call(request.opnum, request)
dce.recv()
result['replication'] = {
    'wire': list(wire),
    'stubs': list(stubs),
    'sessionKey': dce.get_session_key().hex(),
    'objectDn': object_dn,
}
stubs.clear()
name['StringName'] = object_dn.replace('krbtgt', 'nobody') + '\x00'
dce.call(request.opnum, request)
dce.recv()
result['absentObject'] = {'stubs': list(stubs)}
dce.disconnect()
result['keytab'] = {'kvno': int(kvno), 'aes256': key, 'from': 'samba-tool domain exportkeytab'}
with open(out, 'w', encoding='ascii') as file:
    json.dump(result, file, indent=1)
