"""An OpenNebula front end's API (`oned`) as a small server: XML-RPC, pools, lifecycle; what runs VMs is a driver.

The way of a request, file by file: `server` (HTTP) -> `wire` (XML-RPC) -> `call` (table of methods, session, types) ->
the methods (`account_api`, `infrastructure_api`, `network_api`, `security_group_api`, `image_api`, `vm_template`,
`vm_api`, `vm_devices`, and in `pool` what all pools have) -> documents (`account`, `infrastructure`, `network`,
`security_group`, `image`, `vm`; `document` is what they share) kept by `store`. A VM is put together by `vm_build` and
`plugs` from a `template`, with a `context`.

What a call leaves to be done, `worker` finds in the documents: `placement` chooses hosts, `tasks` and `transitions` say
which call of the `driver` a state waits for and what becomes of it. Calls and worker meet in the `cloud`; `seed` says
what is in a new one.

Answers are those of OpenNebula 7.4.0, checked against recordings of it (tests/contract/oned; what is left out stands
there, in session.py, with the reasons).
"""
