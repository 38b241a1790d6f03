//go:build unix

package message

import (
	"bytes"
	"strings"
	"syscall"
	"testing"
	"time"
)

// typical is the header of a mail as it arrives: forty lines of which a third matters.
var typical = []byte(strings.ReplaceAll(`Return-Path: <ann@customer.example>
Delivered-To: sales@ours.example
Received: from mx.ours.example by imap.ours.example with LMTP id 5N0nBwC6 for <sales@ours.example>; Mon, 30 Nov 2026 10:00:05 +0000
Received: from mail-lf1.customer.example (mail-lf1.customer.example [192.0.2.53]) by mx.ours.example (Postfix)
 with ESMTPS id 4XyZ for <sales@ours.example>; Mon, 30 Nov 2026 10:00:04 +0000 (UTC)
Authentication-Results: mx.ours.example; dkim=pass (2048-bit key) header.d=customer.example header.i=@customer.example
 header.b=Qn1cXk; dmarc=pass (policy=none) header.from=customer.example; spf=pass smtp.mailfrom=ann@customer.example
DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=customer.example; s=20230601; t=1764496805; x=1765101605;
 h=cc:to:subject:message-id:date:from:in-reply-to:references:mime-version:from:to:cc:subject:date:message-id:reply-to;
 bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b=Qn1cXkbA8v0rYw4WZP3hSuFU47DEQpj8HBSaTImW5JCeuQeRkm5NMpJWZG3hSuFU
 Qn1cXkbA8v0rYw4WZP3hSuFU47DEQpj8HBSaTImW5JCeuQeRkm5NMpJWZG3hSuFUQn1cXkbA8v0rYw4WZP3hSuFU47DEQpj8HBSaTImW5JCeuQ==
X-Gm-Message-State: AOJu0YzQn1cXkbA8v0rYw4WZP3hSuFU47DEQpj8HBSaTImW5JCeuQeRkm5NMpJWZG3hSuFUQn1cXkbA8v0rYw4WZP3hSuFU
X-Received: by 2002:a05:6512:3b9d:b0:52c:e01f:3665 with SMTP id g29-20020a0565123b9d00b0052ce01f3665mr1; Mon, 30 Nov 2026 02:00:04 -0800 (PST)
MIME-Version: 1.0
References: <root@ours.example> <CAF=Qn1cXkbA8v0rYw4WZP3hSuFU47DEQpj8HBSaTI@mail.customer.example>
 <offer@ours.example>
In-Reply-To: <offer@ours.example>
From: =?UTF-8?Q?Ann_M=C3=BCller?= <ann@customer.example>
Date: Mon, 30 Nov 2026 11:00:00 +0100
X-Gm-Features: AWmQ_bnQn1cXkbA8v0rYw4WZP3hSuFU47DEQpj8HBSaTImW5JCeuQ
Message-ID: <CAF=Qn1cXkbA8v0rYw4WZP3hSuFU47DEQpj8HBSaTImW5JCeuQ@mail.customer.example>
Subject: =?UTF-8?Q?AW=3A_Angebot_f=C3=BCr_Sie?=
To: Sales Department <sales@ours.example>
Cc: "King, Ben" <ben@customer.example>
Content-Type: multipart/mixed; boundary="000000000000a1b2c3061f5d2e3f"

`, "\n", "\r\n"))

var typicalParts = Structure{Type: "multipart/mixed", Parts: []Structure{
	{Type: "multipart/alternative", Parts: []Structure{
		{Type: "text/plain", Params: map[string]string{"CHARSET": "UTF-8"}, Encoding: "QUOTED-PRINTABLE", Size: 1000},
		{Type: "text/html", Params: map[string]string{"CHARSET": "UTF-8"}, Encoding: "QUOTED-PRINTABLE", Size: 9000}}},
	{Type: "application/pdf", Params: map[string]string{"NAME": "offer.pdf"}, Encoding: "BASE64", Size: 90_000, Disposition: "ATTACHMENT", DispositionParams: map[string]string{"FILENAME": "offer.pdf"}}}}

// perSecond reports how many mails one core reads in a second, by the processor's time: others may use the machine too.
func perSecond(b *testing.B, run func()) {
	b.ReportAllocs()
	began := processorTime()
	for b.Loop() {
		run()
	}
	b.ReportMetric(float64(b.N)/(processorTime()-began).Seconds(), "mails/s")
}

func processorTime() time.Duration {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkHeader is what the first scan of a mailbox does for each mail under the policy None: to its record's JSON.
func BenchmarkHeader(b *testing.B) {
	set := Settings{Own: ours.Own}
	perSecond(b, func() {
		if len(Assemble(Fetched{Header: typical, Structure: &typicalParts, Received: received}, set).JSON()) < 500 {
			b.Fatal("the message lacks something")
		}
	})
}

// BenchmarkSnippet is the same with a text of five kilobytes.
func BenchmarkSnippet(b *testing.B) {
	set := Settings{Own: ours.Own, Body: Snippet}
	sections := []Section{{Path: []int{1, 1}, Data: bytes.Repeat([]byte("All work =C3=A4nd no play.\r\n"), 180)}}
	perSecond(b, func() {
		if Assemble(Fetched{Header: typical, Structure: &typicalParts, Sections: sections, Received: received}, set).Snippet == "" {
			b.Fatal("the message has no snippet")
		}
	})
}

// BenchmarkAttachment reads a mail of eight megabytes whole.
func BenchmarkAttachment(b *testing.B) {
	raw := boundsHead + "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nhello\r\n--x\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
		strings.Repeat(strings.Repeat("aGVs", 19)+"\r\n", 8<<20/78) + "--x--\r\n"
	b.SetBytes(int64(len(raw)))
	for b.Loop() {
		if m, err := Parse(strings.NewReader(raw), received, ours); err != nil || len(m.Attachments) != 1 {
			b.Fatal("the mail has no attachment")
		}
	}
}
