# Turns a messenger's own log (tab-separated lines, see README.md) into contract records, one JSON line each.
# It runs where the messenger's servers run:  elixir producer.exs pseudonym.key < log.tsv | unopened check --events -

defmodule Producer do
  # What the log says, in the contract's words. Nothing but these words can get into a record.
  @types %{
    "registered" => "account_registered", "signed_in" => "login", "sent" => "message", "called" => "call",
    "asked" => "contact_request", "accepted" => "contact_accept", "blocked" => "block", "reported" => "report"
  }
  @kinds %{"pair" => "direct", "group" => "group", "channel" => "channel"}
  @harms Map.new(~w(spam scam grooming harassment other), &{&1, &1})

  def main([key_file]) do
    key = read_key(key_file)

    # Bytes as they are: identifiers are UTF-8 already.
    :ok = :io.setopts(:standard_io, encoding: :latin1)
    IO.binstream(:stdio, :line)
    |> Stream.with_index(1)
    |> Enum.each(fn {line, number} ->
      case record(key, String.trim_trailing(line, "\n")) do
        # To Kafka, with brod, after :brod.start_client(endpoints, :raw) and :brod.start_producer(:raw, topic, []):
        #   :ok = :brod.produce_sync(:raw, "unopened.raw.v1", :hash, actor, record)
        {:ok, record} -> IO.binwrite(:stdio, [record, "\n"])
        # never what the line says
        :error -> fail("line #{number} is not as README.md says")
      end
    end)
  end

  def main(_), do: fail("usage: producer KEYFILE < LOG")

  # The first size bytes of HMAC-SHA-256(key, domain followed by id), in hexadecimal digits.
  defp pseudonym(key, domain, id, size) do
    :crypto.mac(:hmac, :sha256, key, [domain, id]) |> binary_part(0, size) |> Base.encode16(case: :lower)
  end

  # Reads the key, which only its owner may touch. No error shows anything of it.
  defp read_key(name) do
    with {:ok, %File.Stat{type: :regular, mode: mode}} <- File.stat(name),
         {:private, 0} <- {:private, Bitwise.band(mode, 0o077)},
         {:ok, text} <- File.read(name),
         {:ok, key} when byte_size(key) >= 32 <- Base.decode16(String.trim(text), case: :mixed) do
      key
    else
      {:private, _} -> fail("#{name} can be touched by others: chmod 600 #{name}")
      {:error, why} -> fail("#{name}: #{why}")
      _ -> fail("#{name} does not hold 64 or more hexadecimal digits")
    end
  end

  # Makes the record of a line, its fields in the contract's order.
  defp record(key, line) do
    with [event, at, what, actor, target, chat, kind, size, device, network, country, harm] <- String.split(line, "\t"),
         {:ok, fields} <-
           together([
             {:ok, ~s("v":1)},
             # the same event has the same id, however often it is sent
             name(key, "id", "event", event, 16),
             word("type", what, @types),
             number("at", at, & &1),
             name(key, "actor", "account", actor, 16),
             name(key, "target", "account", target, 16),
             name(key, "conversation", "conversation", chat, 16),
             word("kind", kind, @kinds),
             if(size == "", do: {:ok, ""}, else: number("size", size, &log2/1)),
             name(key, "device", "device", device, 8),
             name(key, "network", "network", network, 8),
             country(country),
             word("category", harm, @harms)
           ]) do
      {:ok, ["{", fields, "}"]}
    else
      _ -> :error
    end
  end

  # The fields that there are, with commas; :error if one is wrong.
  defp together(fields) do
    if Enum.any?(fields, &(&1 == :error)),
      do: :error,
      else: {:ok, for({:ok, field} <- fields, field != "", do: field) |> Enum.join(",")}
  end

  defp name(_, _, _, "", _), do: {:ok, ""}
  defp name(key, field, domain, id, size), do: {:ok, ~s("#{field}":"#{pseudonym(key, domain, id, size)}")}

  defp word(_, "", _), do: {:ok, ""}

  defp word(field, word, words) do
    case words do
      %{^word => known} -> {:ok, ~s("#{field}":"#{known}")}
      _ -> :error
    end
  end

  defp number(field, text, make) do
    if text =~ ~r/\A[0-9]{1,18}\z/, do: {:ok, ~s("#{field}":#{make.(String.to_integer(text))})}, else: :error
  end

  defp country(""), do: {:ok, ""}
  defp country(code), do: if(code =~ ~r/\A[A-Z]{2}\z/, do: {:ok, ~s("country":"#{code}")}, else: :error)

  # log2 of the ciphertext's length, rounded down
  defp log2(n), do: length(Integer.digits(Bitwise.bor(n, 1), 2)) - 1

  defp fail(why) do
    IO.puts(:stderr, why)
    System.halt(1)
  end
end

Producer.main(System.argv())
