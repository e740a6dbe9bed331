"""Secrets of every form, each made up, and put together here so that this file itself can be committed."""

import base64

HEX = "9f8e7d6c5b4a39281706f5e4d3c2b1a098765432"
WANDB = HEX
BODY = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj"
PRIVATE_KEY = "-----BEGIN " + f"PRIVATE KEY-----\n{BODY}\n-----END PRIVATE KEY-----\n"
ACCOUNT = (
    '{"type": "service_account", "project_id": "p", "private_key_id": "'
    + HEX[::-1]
    + '", "private_key": "'
    + PRIVATE_KEY.replace("\n", "\\n")
    + '"}'
)
ENCODED = base64.b64encode(ACCOUNT.encode()).decode()

FORMS: dict[str, tuple[str, str]] = {
    "Weights & Biases": (WANDB, WANDB),
    "Weights & Biases, new": ("wandb_v1_" + "aB3dE5gH" * 9, "aB3dE5gHaB3dE5gH"),
    "GitHub": ("ghp_" + "aB3d" * 9, "aB3daB3d"),
    "GitHub, fine-grained": ("github_pat_" + "A1b2C3d4E5" * 8, "A1b2C3d4E5"),
    "GitLab": ("glpat-" + "x1Y2z3W4q5R6t7U8i9O0", "x1Y2z3W4q5"),
    "Google API key": ("AIza" + "SyD-9tSrke72PouQMnMX-a7eZSW0jkFMBWY"[:35], "9tSrke72PouQ"),
    "Google access token": ("ya29." + "a0AfH6SMBx1234567890abcdefghij", "a0AfH6SMBx"),
    "private key": (PRIVATE_KEY, BODY),
    "service account": (ACCOUNT, BODY),
    "service account, in base64": (
        base64.b64encode(ACCOUNT.encode()).decode(),
        base64.b64encode(ACCOUNT.encode())[:40].decode(),
    ),
    "AWS": ("AKIA" + "IOSFODNN7EXAMPLF", "IOSFODNN7"),
    "Slack": ("xoxb-" + "123456789012-123456789012-aBcDeFgHiJkLmNoP", "aBcDeFgHiJkL"),
    "Slack, webhook": ("https://hooks.slack.com/services/" + "T00000000/B00000000/XXXXYYYYZZZZ0123", "XXXXYYYYZZZZ"),
    "OpenAI": ("sk-" + "proj-Ab1Cd2Ef3Gh4Ij5Kl6Mn7Op8Qr9St0Uv", "Ab1Cd2Ef3Gh4"),
    "Anthropic": ("sk-ant-" + "api03-Ab1Cd2Ef3Gh4Ij5Kl6Mn7Op8Qr9St0Uv", "Ab1Cd2Ef3Gh4"),
    "Hugging Face": ("hf_" + "AbCdEfGhIjKlMnOpQrStUvWxYzAbCdEfGh", "AbCdEfGhIjKl"),
    "JSON Web Token": (
        "eyJ" + "hbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
        "dozjgNryP4J3",
    ),
    "address": ("postgres://" + "me:sw0rdf1sh@db.example.com/x", "sw0rdf1sh"),
    "Docker Hub": ("dckr_pat_" + "aB3dE5gH1jK2lM3nO4pQ5rS6", "aB3dE5gH1jK2"),
    "Stripe": ("sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc", "4eC39HqLyjWD"),
    "Telegram": ("1234567890:" + "AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsawX", "AAHdqTcvCH1v"),
    "Groq": ("gsk_" + "aB3dE5gH" * 6, "aB3dE5gHaB3d"),
    "Replicate": ("r8_" + "aB3dE5gH" * 5, "aB3dE5gHaB3d"),
    "LangSmith": ("lsv2_pt_" + HEX[:32] + "_" + HEX[:10], "9f8e7d6c5b4a"),
    "Pinecone": ("pcsk_" + "aB3dE5gH" * 6, "aB3dE5gHaB3d"),
    "Grafana": ("glsa_" + "aB3dE5gH" * 4 + "_" + HEX[:8], "aB3dE5gHaB3d"),
    "Sentry": ("sntrys_" + "aB3dE5gH" * 6, "aB3dE5gHaB3d"),
    "Discord, webhook": ("https://discord.com/api/webhooks/" + "1234567890/" + "aB3dE5gH" * 8, "aB3dE5gHaB3d"),
    "Azure, signed address": (
        "https://x.blob.core.windows.net/a?sv=2024&sig=" + "aB3dE5gH" * 5 + "%3D",
        "aB3dE5gHaB3d",
    ),
    "npm": ("npm_" + "aB3dE5gH1jK2lM3nO4pQ5rS6tU7vW8xY9zA0", "aB3dE5gH1jK2"),
    "netrc": ("machine api.example.com " + "login me password aB3dE5gH1jK2", "aB3dE5gH1jK2"),
    "private key, in base64 alone": (BODY.replace("\n", "") * 3, BODY[30:]),
    "GitHub, in base64": (base64.b64encode(("ghp_" + "aB3d" * 9).encode()).decode(), "YUIzZGFCM2RhQjNk"),
    "GitHub, in hexadecimal": (("ghp_" + "aB3d" * 9).encode().hex(), "614233646142"),
    "address, escaped": ("postgres%3A%2F%2Fme%3A" + "sw0rdf%261sh%40db.example.com%2Fx", "sw0rdf%261sh"),
}
UNSEEN = {
    "a zero-width space": "gh\u200bp_" + "aB3d" * 9,
    "a soft hyphen": "ghp_aB3d" + "\u00ad" + "aB3d" * 8,
    "a byte order mark": "\ufeffDB_PASS\ufeffWORD=hunter2",
}
"""By what it is: the secret, and the part of it that must stand nowhere."""
