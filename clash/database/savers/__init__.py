"""LangGraph savers: the stock ones with what their base class promises, and one on the port, for D1."""
