"""`kprov azure-token`: a credential plugin for kubectl, so that no other tool has to sign in.

Prints an ExecCredential
(https://kubernetes.io/docs/reference/config-api/client-authentication.v1/).
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from kprov.cli.common import print_json
from kprov.model.errors import InputError

_VERSION = "client.authentication.k8s.io/v1"


def options(parser: argparse.ArgumentParser) -> None:
    """The fields of `cluster.azure` that say who signs in, and where."""
    parser.add_argument(
        "--cloud", default="public", choices=("public", "usgov", "china"), help="as `azure.cloud`"
    )
    parser.add_argument("--credential", default="default", help="as `azure.credential.kind`")
    for name in ("--tenant", "--client-id", "--certificate", "--token-file"):
        parser.add_argument(name, default=None, help="as in `azure.credential`")
    parser.add_argument("--endpoint", default=None, help="as `azure.endpoint`, for tests")
    parser.add_argument("--ca-file", default=None, help="as `azure.ca_file`")


def run(args: argparse.Namespace) -> int:
    """Exit code 0 with a token on standard output."""
    from kprov.providers.aks.kubeconfig import token

    value, expires = token(_spec(args), Path())
    status = {"token": value, "expirationTimestamp": expires}
    print_json({"apiVersion": _VERSION, "kind": "ExecCredential", "status": status})
    return 0


def _spec(args: argparse.Namespace) -> Any:
    from pydantic import ValidationError

    from kprov.model.azure import AzureSpec

    credential = {
        "kind": args.credential,
        "client_id": args.client_id,
        "certificate": args.certificate,
        "token_file": args.token_file,
    }
    given = {
        "tenant": args.tenant,
        "cloud": args.cloud,
        "endpoint": args.endpoint,
        "ca_file": args.ca_file,
    }
    try:
        return AzureSpec.model_validate({**given, "credential": credential})
    except ValidationError as error:
        first = error.errors()[0]
        raise InputError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error
