// A certified OpenID provider (npm: oidc-provider) with the gateway as its client; any login and password are right.
// node issuer.mjs '{"port": 1, "gateway": "...", "public_url": "...", "client_id": "...", "client_secret": "..."}'
import Provider from 'oidc-provider';

const { port, gateway, public_url, client_id, client_secret } = JSON.parse(process.argv[2]);

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{
    client_id,
    client_secret,
    token_endpoint_auth_method: 'client_secret_basic',
    redirect_uris: [`${public_url}/sign-in/callback`],
    post_logout_redirect_uris: [`${public_url}/signed-out`],
    backchannel_logout_uri: `${gateway}/back-channel-logout`,
    backchannel_logout_session_required: true,
  }],
  claims: { openid: ['sub', 'employee', 'loa'], profile: ['whole_name'], ssn: ['ssn'] }, // not the standard's names
  scopes: ['openid', 'ssn'],
  conformIdTokenClaims: false, // the gateway reads the ID token, and asks no userinfo endpoint
  cookies: { keys: ['only for tests'] },
  features: { backchannelLogout: { enabled: true }, devInteractions: { enabled: true } },
  fetch: (url, { dispatcher, ...options }) => fetch(url, options), // its own refuses addresses of this machine
  pkce: { required: () => true },
  findAccount: (_, accountId) => ({
    accountId,
    claims: () => ({
      sub: accountId,
      employee: `employee-${accountId}`,
      loa: 'http://ftn.ficora.fi/2017/loa3',
      whole_name: 'Aino Virkanen',
      ssn: '010594Y9032',
    }),
  }),
});
provider.on('backchannel.error', (ctx, error) => console.error(error, error.error_description));
provider.listen(port, '127.0.0.1');
