package crashtest

import (
	"os"
	"os/signal"
	"strconv"
	"syscall"
)

// fileLimit is the environment variable that makes the program believe in a full disk: no file may be larger than so
// many bytes.
const fileLimit = "MILLRACE_CRASHTEST_LIMIT"

func limitFiles() error {
	limit, err := strconv.ParseUint(os.Getenv(fileLimit), 10, 64)
	if err != nil {
		return nil
	}
	signal.Ignore(syscall.SIGXFSZ) // then a write over the limit answers EFBIG
	return syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: limit, Max: limit})
}
