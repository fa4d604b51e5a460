package client

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	webhook "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// signer names and signs requests as Standard Webhooks say
// (https://www.standardwebhooks.com): a receiver knows by webhook-id what it has
// had already, and by webhook-signature who it is from. Without keys it signs
// nothing.
type signer struct{ keys []*webhook.Webhook }

// How long a key may be, in bytes, by the specification.
const shortestKey, longestKey = 24, 64

// newSigner checks the secrets in text, which are more than one while one takes
// the place of another.
func newSigner(signed bool, text string, faults *Faults) signer {
	const name = "signingSecret"
	secrets := strings.Fields(text)
	switch {
	case signed && len(secrets) == 0:
		faults.add(name, "missing, for signed requests", "give it as a secret: --secret "+name)
	case !signed && len(secrets) > 0:
		faults.add(name, "not used, because signed is not true", "write true for signed, or leave the secret out")
	}
	var s signer
	for i, secret := range secrets {
		encoded, marked := strings.CutPrefix(secret, "whsec_")
		key, err := base64.StdEncoding.DecodeString(encoded)
		if !marked || err != nil || len(key) < shortestKey || len(key) > longestKey {
			faults.add(name, fmt.Sprintf("secret %d of %d is none of Standard Webhooks", i+1, len(secrets)),
				fmt.Sprintf(`give "whsec_" and then %d to %d random bytes in base64; several with spaces between`, shortestKey, longestKey))
			continue
		}
		w, err := webhook.NewWebhookRaw(key)
		if err != nil {
			faults.add(name, fmt.Sprintf("secret %d of %d cannot be used", i+1, len(secrets)), "give another one")
			continue
		}
		s.keys = append(s.keys, w)
	}
	return s
}

// sign adds the headers for a delivery with that key and body, attempted at now.
func (s signer) sign(h http.Header, key string, now time.Time, body []byte) error {
	h.Set(webhook.HeaderWebhookID, key)
	h.Set(webhook.HeaderWebhookTimestamp, strconv.FormatInt(now.Unix(), 10))
	var signatures []string
	for _, k := range s.keys {
		signature, err := k.Sign(key, now, body)
		if err != nil {
			return fmt.Errorf("sign the request: %w", err)
		}
		signatures = append(signatures, signature)
	}
	if len(signatures) > 0 {
		h.Set(webhook.HeaderWebhookSignature, strings.Join(signatures, " "))
	}
	return nil
}
