-- a neutralized database keeps its connections, but calls no provider
UPDATE ml_connection
   SET state = 'paused',
       webhook_state = 'none',
       webhook_token = NULL,
       webhook_subscription = NULL,
       webhook_subscription_previous = NULL,
       database_uuid = NULL;
UPDATE ml_credential
   SET ciphertext = NULL,
       set_at = NULL
 WHERE is_secret;
UPDATE ml_token
   SET access_ciphertext = NULL,
       refresh_ciphertext = NULL,
       expires_at = NULL;
