from aiohttp import ClientHandlerType, ClientRequest, ClientResponse
from aiohttp_oauth2_client.grant.client_credentials import ClientCredentialsGrant

class OAuth2Middleware:
    def __init__(self, grant: ClientCredentialsGrant) -> None: ...
    async def __call__(
        self, request: ClientRequest, handler: ClientHandlerType
    ) -> ClientResponse: ...
