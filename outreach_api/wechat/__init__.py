"""The district's WeChat Official Account: what arrives, what is sent, and who is behind an openid."""
