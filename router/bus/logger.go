package bus

import (
	"log/slog"

	"github.com/ThreeDotsLabs/watermill"
)

// Logger adapts slog for Watermill. Watermill logs every message at info and debug; here that is trace, so that our
// log stays a log of what people must know.
func Logger(log *slog.Logger) watermill.LoggerAdapter { return adapter{log} }

type adapter struct{ log *slog.Logger }

func (a adapter) Error(msg string, err error, fields watermill.LogFields) {
	a.log.Error(msg, append(attrs(fields), "error", err)...)
}
func (a adapter) Info(string, watermill.LogFields)  {}
func (a adapter) Debug(string, watermill.LogFields) {}
func (a adapter) Trace(string, watermill.LogFields) {}

func (a adapter) With(fields watermill.LogFields) watermill.LoggerAdapter {
	return adapter{a.log.With(attrs(fields)...)}
}

func attrs(fields watermill.LogFields) []any {
	out := make([]any, 0, 2*len(fields))
	for k, v := range fields {
		out = append(out, k, v)
	}
	return out
}
