# Written by `python3 -m opennebula_provider.sdk` from opennebula_provider/definitions.py; edit that.
# mypy: disable-error-code="no-any-return"

"""The provider's own settings, for programs that use several OpenNebula clouds."""

from typing import Any, cast

import pulumi

from . import _utilities


@pulumi.input_type
class ProviderArgs:
    """OpenNebula, reached by its XML-RPC interface.

    Credentials are taken from `username` and `password`, else from `authFile`, else from the file named by
    `ONE_AUTH`,
    else from `~/.one/one_auth`. They are tried out before anything is planned."""

    def __init__(
        self,
        *,
        endpoint: pulumi.Input[str] | None = None,
        username: pulumi.Input[str] | None = None,
        password: pulumi.Input[str] | None = None,
        auth_file: pulumi.Input[str] | None = None,
        ca_bundle: pulumi.Input[str] | None = None,
    ) -> None:
        """Set the properties.

        :param endpoint: Address of the XML-RPC interface, such as `http://frontend:2633/RPC2`. Default:
            `ONE_XMLRPC`.
        :param username: Name of the OpenNebula user.
        :param password: Password or login token of the user.
        :param auth_file: Path of a file that holds `user:password`, as OpenNebula's own tools use it. Default:
            `ONE_AUTH`.
        :param ca_bundle: Path of a PEM file with the certificate authorities that HTTPS endpoints are verified
            against.
        """
        if endpoint is not None:
            pulumi.set(self, "endpoint", endpoint)
        if username is not None:
            pulumi.set(self, "username", username)
        if password is not None:
            pulumi.set(self, "password", password)
        if auth_file is not None:
            pulumi.set(self, "auth_file", auth_file)
        if ca_bundle is not None:
            pulumi.set(self, "ca_bundle", ca_bundle)

    @property
    @pulumi.getter
    def endpoint(self) -> pulumi.Input[str] | None:
        """Address of the XML-RPC interface, such as `http://frontend:2633/RPC2`. Default: `ONE_XMLRPC`."""
        return pulumi.get(self, "endpoint")

    @endpoint.setter
    def endpoint(self, value: pulumi.Input[str] | None) -> None:
        pulumi.set(self, "endpoint", value)

    @property
    @pulumi.getter
    def username(self) -> pulumi.Input[str] | None:
        """Name of the OpenNebula user."""
        return pulumi.get(self, "username")

    @username.setter
    def username(self, value: pulumi.Input[str] | None) -> None:
        pulumi.set(self, "username", value)

    @property
    @pulumi.getter
    def password(self) -> pulumi.Input[str] | None:
        """Password or login token of the user."""
        return pulumi.get(self, "password")

    @password.setter
    def password(self, value: pulumi.Input[str] | None) -> None:
        pulumi.set(self, "password", value)

    @property
    @pulumi.getter(name="authFile")
    def auth_file(self) -> pulumi.Input[str] | None:
        """Path of a file that holds `user:password`, as OpenNebula's own tools use it. Default: `ONE_AUTH`."""
        return pulumi.get(self, "auth_file")

    @auth_file.setter
    def auth_file(self, value: pulumi.Input[str] | None) -> None:
        pulumi.set(self, "auth_file", value)

    @property
    @pulumi.getter(name="caBundle")
    def ca_bundle(self) -> pulumi.Input[str] | None:
        """Path of a PEM file with the certificate authorities that HTTPS endpoints are verified against."""
        return pulumi.get(self, "ca_bundle")

    @ca_bundle.setter
    def ca_bundle(self, value: pulumi.Input[str] | None) -> None:
        pulumi.set(self, "ca_bundle", value)


class Provider(pulumi.ProviderResource):
    """OpenNebula, reached by its XML-RPC interface.

    Credentials are taken from `username` and `password`, else from `authFile`, else from the file named by
    `ONE_AUTH`,
    else from `~/.one/one_auth`. They are tried out before anything is planned."""

    def __init__(
        self,
        resource_name: str,
        opts: pulumi.ResourceOptions | None = None,
        *,
        endpoint: pulumi.Input[str] | None = None,
        username: pulumi.Input[str] | None = None,
        password: pulumi.Input[str] | None = None,
        auth_file: pulumi.Input[str] | None = None,
        ca_bundle: pulumi.Input[str] | None = None,
    ) -> None:
        """A provider with settings of its own.

        :param endpoint: Address of the XML-RPC interface, such as `http://frontend:2633/RPC2`. Default:
            `ONE_XMLRPC`.
        :param username: Name of the OpenNebula user.
        :param password: Password or login token of the user.
        :param auth_file: Path of a file that holds `user:password`, as OpenNebula's own tools use it. Default:
            `ONE_AUTH`.
        :param ca_bundle: Path of a PEM file with the certificate authorities that HTTPS endpoints are verified
            against.
        """
        args = ProviderArgs(
            endpoint=endpoint, username=username, password=password, auth_file=auth_file, ca_bundle=ca_bundle
        )
        super().__init__("opennebula", resource_name, cast(Any, args), _utilities.resource_options(opts))
