"""One message handler: says which site this is, or fails as a hospital's data may."""

from flwr.app import ArrayRecord, Context, Message, MetricRecord, RecordDict
from flwr.clientapp import ClientApp

app = ClientApp()


@app.train()  # type: ignore[untyped-decorator]
def train(message: Message, context: Context) -> Message:
    partition = int(context.node_config["partition-id"])
    if context.node_config["site"] == context.run_config["break-site"]:
        raise FileNotFoundError("/data/train-images-idx3-ubyte")
    weights = message.content["arrays"].to_numpy_ndarrays()
    content = RecordDict(
        {
            "arrays": ArrayRecord([w + 1 + partition for w in weights]),
            "metrics": MetricRecord({"num-examples": 10 * (partition + 1), "partition-id": partition}),
        }
    )
    return Message(content=content, reply_to=message)
