"""Asks a server through the public Cohere client and prints what came of it, as JSON: see test/process/cohere-python.test.ts."""

import json
import sys

import cohere

base_url, key = sys.argv[1:]
query = "Where is a robot lonely?"
documents = ["A garden in the spring.", "A lonely robot drifts through space.", "Robots at work."]


def told(response):
    return {
        "id": response.id,
        "version": response.meta.api_version.version,
        "results": [
            {
                "index": result.index,
                "relevance_score": result.relevance_score,
                "text": getattr(getattr(result, "document", None), "text", None),
            }
            for result in response.results
        ],
    }


def failure(call):
    try:
        call()
    except Exception as error:
        return {
            "type": type(error).__name__,
            "status": getattr(error, "status_code", None),
            "detail": (getattr(error, "body", None) or {}).get("detail"),
        }
    return None


v1 = cohere.Client(api_key=key, base_url=base_url)
v2 = cohere.ClientV2(api_key=key, base_url=base_url)
stranger = cohere.ClientV2(api_key="nobody", base_url=base_url)
objects = [{"text": text, "title": f"Number {i}"} for i, text in enumerate(documents)]

print(
    json.dumps(
        {
            "client": cohere.__version__,
            # The server refuses this one twice, as busy and as used up.
            "v2": told(v2.rerank(model="any", query=query, documents=documents, top_n=2)),
            "v1": told(v1.rerank(query=query, documents=documents, top_n=2, return_documents=True)),
            "objects": told(
                v1.rerank(
                    model="any",
                    query="Number 2",
                    documents=objects,
                    rank_fields=["title", "text"],
                    return_documents=True,
                    max_chunks_per_doc=1,
                )
            ),
            "many": told(v2.rerank(model="any", query=query, documents=documents * 40, max_tokens_per_doc=100)),
            "refused": failure(lambda: v2.rerank(model="any", query=query, documents=[])),
            "unauthorized": failure(lambda: stranger.rerank(model="any", query=query, documents=documents)),
        }
    )
)
