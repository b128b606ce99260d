"""The plugin protocol (Pulumi's provider.proto) on one side, a Provider on the other."""

import sys
import traceback
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import NoReturn, TypeVar

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime._grpc_settings import _GRPC_CHANNEL_OPTIONS
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, plugin_pb2, provider_pb2, provider_pb2_grpc, status_pb2

from .codec import UNKNOWN, Properties, decode, encode, mark_echoed_secrets, plain
from .diff import Change, diff
from .errors import Cancelled, DeadlineExceeded, InitFailed, UserError
from .operation import Cancellation, Operation, Severity, type_of
from .provider import Provider, Resource
from .schema import CheckFailure

T = TypeVar("T")

_SEVERITIES = {
    "debug": engine_pb2.DEBUG,
    "info": engine_pb2.INFO,
    "warning": engine_pb2.WARNING,
    "error": engine_pb2.ERROR,
}
# The engine keeps an operation as pending after UNKNOWN, INTERNAL and DATA_LOSS; a clean failure has another code.
_CODES: tuple[tuple[type[Exception], grpc.StatusCode], ...] = (
    (Cancelled, grpc.StatusCode.CANCELLED),
    (DeadlineExceeded, grpc.StatusCode.DEADLINE_EXCEEDED),
    (UserError, grpc.StatusCode.FAILED_PRECONDITION),
    (NotImplementedError, grpc.StatusCode.UNIMPLEMENTED),
)
_ENGINE_SETTINGS = {"version", "pluginDownloadURL", "pluginChecksums"}


class Servicer(provider_pb2_grpc.ResourceProviderServicer):
    """Answers the engine's calls, each in a thread of its own."""

    def __init__(self, provider: Provider, engine: str | None = None) -> None:
        self.cancellation = Cancellation()
        self._provider = provider
        self._schema = provider.schema
        self._engine: engine_pb2_grpc.EngineStub | None = None
        if engine:
            self._attach(engine)

    def Handshake(
        self, request: provider_pb2.ProviderHandshakeRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ProviderHandshakeResponse:
        """Secrets are to come marked, resource references as ids and outputs as plain values."""
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True)

    def Attach(self, request: plugin_pb2.PluginAttach, context: grpc.ServicerContext) -> empty_pb2.Empty:
        """An engine found this plugin running already."""
        self._attach(request.address)
        return empty_pb2.Empty()

    def GetPluginInfo(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:
        """The version."""
        return plugin_pb2.PluginInfo(version=self._provider.version)

    def GetSchema(
        self, request: provider_pb2.GetSchemaRequest, context: grpc.ServicerContext
    ) -> provider_pb2.GetSchemaResponse:
        """The package schema as JSON."""
        return provider_pb2.GetSchemaResponse(schema=self._schema.json)

    def Cancel(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> empty_pb2.Empty:
        """Ctrl-C, or a normal shutdown."""
        self.cancellation.set()
        return empty_pb2.Empty()

    def CheckConfig(
        self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CheckResponse:
        """Check and complete the provider's own inputs."""

        def answer() -> provider_pb2.CheckResponse:
            given = decode(request.news)
            own = _without_engines(given)
            engines = {name: value for name, value in given.items() if name not in own}
            config, failures = self._schema.check_config(own)
            checked, more = self._provider.check_config(self._operation(request.urn), plain(config))
            marked = mark_echoed_secrets(checked, config)
            return _checked(marked | engines, failures + more)

        return _answer(context, answer)

    def DiffConfig(self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext) -> provider_pb2.DiffResponse:
        """Changed inputs of the provider configure it anew and replace no resource."""

        def answer() -> provider_pb2.DiffResponse:
            sides = (request.old_inputs, request.news)
            old, new = (self._schema.decode_config(_without_engines(decode(side))) for side in sides)
            changes = diff(old, new, self._schema.config(), self._schema, request.ignoreChanges)
            return _compared({path: Change(change.kind) for path, change in changes.items()})

        return _answer(context, answer)

    def Configure(
        self, request: provider_pb2.ConfigureRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ConfigureResponse:
        """Hand the provider its inputs."""

        def answer() -> provider_pb2.ConfigureResponse:
            config = self._schema.decode_config(_without_engines(decode(request.args)))
            self._provider.id = request.id
            self._provider.configure(self._operation(request.urn), plain(config))
            return provider_pb2.ConfigureResponse(acceptSecrets=True, supportsPreview=True)

        return _answer(context, answer)

    def Check(self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext) -> provider_pb2.CheckResponse:
        """Check inputs against the schema and by the resource, and report all failures at once."""

        def answer() -> provider_pb2.CheckResponse:
            operation, resource = self._begin(request.urn)
            inputs, failures = self._schema.check(decode(request.news), self._schema.resource_inputs(operation.type))
            checked, more = resource.check(operation, plain(decode(request.olds)), plain(inputs))
            return _checked(mark_echoed_secrets(checked, inputs), failures + more)

        return _answer(context, answer)

    def Diff(self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext) -> provider_pb2.DiffResponse:
        """Compare old and new inputs."""

        def answer() -> provider_pb2.DiffResponse:
            operation, resource = self._begin(request.urn)
            old, outputs, new = (plain(decode(side)) for side in (request.old_inputs, request.olds, request.news))
            inputs = self._schema.resource_inputs(operation.type)
            changes = diff(old, new, inputs, self._schema, request.ignoreChanges)
            return _compared(resource.diff(operation, request.id, old, outputs, new, changes), resource)

        return _answer(context, answer)

    def Create(self, request: provider_pb2.CreateRequest, context: grpc.ServicerContext) -> provider_pb2.CreateResponse:
        """Create, or preview a create."""

        def answer() -> provider_pb2.CreateResponse:
            operation, resource = self._begin(request.urn, request.preview, request.timeout)
            inputs = decode(request.properties)
            if request.preview:
                outputs = resource.preview(operation, plain(inputs), None)
                return provider_pb2.CreateResponse(properties=encode(self._previewed(operation, outputs, inputs)))
            operation.check()
            id, outputs = self._working(operation, inputs, lambda: resource.create(operation, plain(inputs)))
            return provider_pb2.CreateResponse(id=id, properties=encode(self._marked(operation, outputs, inputs)))

        return _answer(context, answer)

    def Update(self, request: provider_pb2.UpdateRequest, context: grpc.ServicerContext) -> provider_pb2.UpdateResponse:
        """Update in place, or preview an update."""

        def answer() -> provider_pb2.UpdateResponse:
            operation, resource = self._begin(request.urn, request.preview, request.timeout)
            old_inputs, old_outputs = plain(decode(request.old_inputs)), plain(decode(request.olds))
            inputs = decode(request.news)
            if request.preview:
                outputs = resource.preview(operation, plain(inputs), old_outputs)
                return provider_pb2.UpdateResponse(properties=encode(self._previewed(operation, outputs, inputs)))
            operation.check()
            outputs = self._working(
                operation,
                inputs,
                lambda: resource.update(operation, request.id, old_inputs, old_outputs, plain(inputs)),
            )
            return provider_pb2.UpdateResponse(properties=encode(self._marked(operation, outputs, inputs)))

        return _answer(context, answer)

    def Read(self, request: provider_pb2.ReadRequest, context: grpc.ServicerContext) -> provider_pb2.ReadResponse:
        """Look at the live object, for refresh, import and `get`."""

        def answer() -> provider_pb2.ReadResponse:
            operation, resource = self._begin(request.urn)
            operation.check()
            inputs, outputs = decode(request.inputs), decode(request.properties)
            found = resource.read(operation, request.id, plain(inputs), plain(outputs))
            if found is None:
                return provider_pb2.ReadResponse()
            return provider_pb2.ReadResponse(
                id=found.id,
                inputs=encode(self._marked(operation, found.inputs, inputs)),
                properties=encode(self._marked(operation, found.outputs, inputs, outputs)),
            )

        return _answer(context, answer)

    def Delete(self, request: provider_pb2.DeleteRequest, context: grpc.ServicerContext) -> empty_pb2.Empty:
        """Remove the object."""

        def answer() -> empty_pb2.Empty:
            operation, resource = self._begin(request.urn, timeout=request.timeout)
            operation.check()
            resource.delete(operation, request.id, plain(decode(request.old_inputs)), plain(decode(request.properties)))
            return empty_pb2.Empty()

        return _answer(context, answer)

    def Invoke(self, request: provider_pb2.InvokeRequest, context: grpc.ServicerContext) -> provider_pb2.InvokeResponse:
        """Call a function."""

        def answer() -> provider_pb2.InvokeResponse:
            function = self._provider.functions.get(request.tok)
            if function is None:
                raise UserError(f"{self._provider.name} {self._provider.version} has no function {request.tok}")
            arguments, failures = self._schema.check(decode(request.args), self._schema.function_inputs(request.tok))
            if failures:
                return provider_pb2.InvokeResponse(failures=_failures(failures))
            operation = self._operation("", request.preview)
            operation.check()
            response = provider_pb2.InvokeResponse()
            getattr(response, "return").CopyFrom(encode(function(operation, plain(arguments))))
            return response

        return _answer(context, answer)

    def _attach(self, address: str) -> None:
        self._engine = engine_pb2_grpc.EngineStub(grpc.insecure_channel(address, options=_GRPC_CHANNEL_OPTIONS))

    def _log(self, urn: str, message: str, severity: Severity, ephemeral: bool) -> None:
        if self._engine is not None:
            request = engine_pb2.LogRequest(
                severity=_SEVERITIES[severity], message=message, urn=urn, ephemeral=ephemeral
            )
            with suppress(grpc.RpcError):  # a message that cannot be shown must not fail the work
                self._engine.Log(request, timeout=5)

    def _operation(self, urn: str, preview: bool = False, timeout: float | None = None) -> Operation:
        return Operation(urn, self._log, self.cancellation, preview=preview, timeout=timeout)

    def _begin(self, urn: str, preview: bool = False, timeout: float = 0.0) -> tuple[Operation, Resource]:
        resource = self._provider.resources.get(type_of(urn))
        if resource is None:
            raise UserError(f"{self._provider.name} {self._provider.version} has no resource type {type_of(urn)}")
        return self._operation(urn, preview, timeout or resource.default_timeout), resource

    def _working(self, operation: Operation, inputs: Properties, work: Callable[[], T]) -> T:
        """Do the work; what a partial result echoes of secret inputs becomes secret as in a full one."""
        try:
            return work()
        except InitFailed as error:
            error.properties = self._marked(operation, error.properties, inputs)
            raise

    def _marked(self, operation: Operation, properties: Properties, *sources: Properties) -> Properties:
        declared = self._schema.resource_outputs(operation.type)
        return self._schema.mark_secrets(mark_echoed_secrets(properties, *sources), declared)

    def _previewed(self, operation: Operation, outputs: Properties, inputs: Properties) -> Properties:
        """Outputs of a preview: what it does not say is unknown, or the program would go on with wrong values."""
        echoes = self._schema.resource_inputs(operation.type).properties
        computed = [name for name in self._schema.resource_outputs(operation.type).properties if name not in echoes]
        return self._marked(operation, dict.fromkeys(computed, UNKNOWN) | outputs, inputs)


def _answer(context: grpc.ServicerContext, answer: Callable[[], T]) -> T:
    """The answer, or the status that says to the engine what went wrong."""
    try:
        return answer()
    except Exception as error:
        _abort(context, error)


def _abort(context: grpc.ServicerContext, error: Exception) -> NoReturn:
    for kind, code in _CODES:
        if isinstance(error, kind):
            context.abort(code, str(error))
    if not isinstance(error, InitFailed):
        traceback.print_exception(error, file=sys.stderr)
        context.abort(grpc.StatusCode.INTERNAL, f"{type(error).__name__}: {error}")
    # The object exists: its id and properties travel as details of the status.
    code = grpc.StatusCode.UNKNOWN
    status = status_pb2.Status(code=code.value[0], message=str(error))
    status.details.add().Pack(
        provider_pb2.ErrorResourceInitFailed(id=error.id, properties=encode(error.properties), reasons=error.reasons)
    )
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    context.abort(code, str(error))


def _checked(inputs: Properties, failures: Iterable[CheckFailure]) -> provider_pb2.CheckResponse:
    return provider_pb2.CheckResponse(inputs=encode(inputs), failures=_failures(failures))


def _failures(failures: Iterable[CheckFailure]) -> list[provider_pb2.CheckFailure]:
    return [provider_pb2.CheckFailure(property=failure.property, reason=failure.reason) for failure in failures]


def _compared(changes: dict[str, Change], resource: Resource | None = None) -> provider_pb2.DiffResponse:
    replaces = [path for path, change in changes.items() if change.replace]
    return provider_pb2.DiffResponse(
        changes=provider_pb2.DiffResponse.DIFF_SOME if changes else provider_pb2.DiffResponse.DIFF_NONE,
        diffs=list(changes),
        replaces=replaces,
        stables=sorted(resource.stable_outputs) if resource else [],
        hasDetailedDiff=True,
        detailedDiff={path: _property_diff(change) for path, change in changes.items()},
        deleteBeforeReplace=bool(replaces) and resource is not None and resource.delete_before_replace,
    )


def _property_diff(change: Change) -> provider_pb2.PropertyDiff:
    kind = change.kind.upper() + ("_REPLACE" if change.replace else "")
    return provider_pb2.PropertyDiff(kind=provider_pb2.PropertyDiff.Kind.Value(kind), inputDiff=True)


def _without_engines(config: Properties) -> Properties:
    """A provider's inputs without those that are for the engine."""
    return {name: config[name] for name in config if name not in _ENGINE_SETTINGS and not name.startswith("__")}
